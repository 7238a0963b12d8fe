"use strict";

require("./run")("post");
